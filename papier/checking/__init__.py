"""A person has the last word: the queue of what papier is not sure of, and what people answer."""
