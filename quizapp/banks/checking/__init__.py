"""What is wrong or doubtful with questions, what a report is, and how it is said."""
