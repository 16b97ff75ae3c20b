"""Who is there: accounts, sessions, sign-in and sign-out, and what guards the view's routes."""
