"""Courses of treatment: propose, accept, re-flow.

An empty floor for now. Here will stand `Plan` and its sessions, made from a template, and the
solver that places a whole course on the diary and moves it with the least disturbance.
"""
