"""Tables of students who enter and leave, read into enrollments."""
