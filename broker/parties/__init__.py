"""Parties: who may join, their keys and marks, and the pages in their folders."""
