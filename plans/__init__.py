"""Courses of treatment: propose, accept, re-flow."""
