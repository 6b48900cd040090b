"""Stands in for EICrecon: reads events of a podio file with uproot, as the options of JANA say, writes a file."""

import sys

import uproot


def main(words: list[str]) -> None:
    options = dict(word.removeprefix("-P").split("=", 1) for word in words[:-1])
    skip, events = int(options["jana:nskip"]), int(options["jana:nevents"])
    assert events != 0, "0 events are all that there are"
    with uproot.open(words[-1]) as file:
        numbers = file["events"]["EventHeader.eventNumber"].array(library="np")[skip : skip + events]
    with uproot.recreate(options["podio:output_file"]) as out:
        out["events"] = {"EventHeader.eventNumber": numbers}


if __name__ == "__main__":
    main(sys.argv[1:])
