"""Guests to run in virtual machines: a test card that shows a known picture and tells what input it gets."""
