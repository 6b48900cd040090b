"""Fast monitoring: which frames are looked at, what is counted in them, how counts become plots."""
