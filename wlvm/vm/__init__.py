"""A guest's machine: each way there is to reach one, and what a person does to it."""
