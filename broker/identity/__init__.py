"""Who a student is: numbers, names, and how alike two of them are."""
