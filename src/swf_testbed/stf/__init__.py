"""The STF1 file format: writer, reader, recovery, skims and range reads."""
