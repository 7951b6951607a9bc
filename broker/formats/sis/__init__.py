"""What student information systems export: the list of the forms, and what all of them share."""
