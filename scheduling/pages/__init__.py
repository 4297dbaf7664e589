"""The patients' pages of the diary: thin edges behind `scheduling.doors`."""
