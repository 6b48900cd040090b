from django.db import migrations


class Migration(migrations.Migration):
    """In a transaction of its own: PostgreSQL alters no table that has rows of this one unchecked."""

    dependencies = [("store", "0009_datasets_and_copies")]

    operations = [migrations.RemoveField(model_name="stffile", name="replicas")]
