"""What people say of runs as a whole."""

from swf_testbed.model.errors import NotFound
from swf_testbed.monitor.services.changes import changed
from swf_testbed.monitor.services.rights import Actor, may_control
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import Run
from swf_testbed.records import Marking


def mark(run_number: int, said: Marking, actor: Actor) -> None:
    """Mark a run good or bad, or take that back.

    Raises:
        NotFound: there is no such run.
        Refused: it is in a namespace that the actor does not control.
    """
    with writing():
        run = Run.objects.select_for_update().filter(run_number=run_number).first()
        if run is None:
            raise NotFound(f"runs {run_number} does not exist")
        if run.namespace:
            may_control(actor, run.namespace)
        run.mark, run.marked_by, run.mark_note = said.mark, actor.name if said.mark else None, said.note
        run.save(update_fields=["mark", "marked_by", "mark_note", "updated_at"])
    changed.send(None, resource="runs")
