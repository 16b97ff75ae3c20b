"""The data layer over HTTP: thin Tornado handlers in front of reader processes.

The front validates, authorises and admits. It never imports netCDF4, xarray or
numba: what can be brought down by a file happens in a reader.
"""
