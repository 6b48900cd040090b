"""The fast monitoring agent: reads a small part of each STF's frames, by byte ranges, into sample files."""
