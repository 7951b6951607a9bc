"""Tables in which an LEA answers by filling one column: which student was meant, and what it got."""
