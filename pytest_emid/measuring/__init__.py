"""From a dataset to a result and its verdicts: `protocol.compare` is the route, the other files are its steps."""
