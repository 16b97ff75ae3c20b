"""A load test: many signed-in people, each with a page of their own."""
