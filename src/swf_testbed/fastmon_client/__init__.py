"""Following fast monitoring from anywhere: what the stream says, counted; a receiver; a sender of tests."""
