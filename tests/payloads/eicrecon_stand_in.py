"""Stands in for EICrecon: reads events of a podio file as the options of JANA say, and writes a file."""

import sys

import uproot


def main(words: list[str]) -> None:
    options = dict(word.removeprefix("-P").split("=", 1) for word in words[:-1])
    skip, events = int(options["jana:nskip"]), int(options["jana:nevents"])
    assert events != 0, "0 events are all that there are"
    with uproot.open(words[-1]) as file:
        numbers = file["events"]["EventHeader.eventNumber"].array(library="np")[skip : skip + events]
    with uproot.recreate(options["podio:output_file"]) as out:
        out.mktree("events", {"EventHeader.eventNumber": numbers.dtype})
        out["events"].extend({"EventHeader.eventNumber": numbers})


if __name__ == "__main__":
    main(sys.argv[1:])
