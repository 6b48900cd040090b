"""The data agent: takes files in, brings them to the sites, keeps the exit buffer, and watches all of it."""
