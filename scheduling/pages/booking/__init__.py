"""Patients book by themselves: somebody known any treatment that is open, somebody new a consultation.

One thing a page. What was said so far travels in a signed cookie on the person's own phone and never
in an address; the database learns of it with the booking.
"""
