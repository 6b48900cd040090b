"""The histogram merger: adds what workers found into the run's histograms, each slice once."""
