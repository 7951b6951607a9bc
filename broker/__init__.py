"""Satchel: a secure exchange of student records between school districts and charter schools."""

__version__ = "0.1.0"
