"""`make rehearse`: really deploy the templates to an emulated AWS, send hits through what was deployed, find the rows, destroy it."""
