"""What `testbed new-workflow` copies: a workflow that works, to be changed."""
