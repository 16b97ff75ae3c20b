"""Means over regions and climate indices: pure functions from labelled arrays to labelled arrays.

``regions``
    named areas, and means over them;
``nino``
    Niño 1+2, 3, 3.4 and 4, the relative Niño 3.4, the Indian Ocean Dipole;
``sam``
    the Southern Annular Mode;
``mjo``, ``rmm``
    the Madden-Julian Oscillation: patterns and projection, and what the two numbers say;
``tables``, ``distribution``
    how the members of an index are spread.
"""
