// The sample fleet of the layout's description.

/// Nine groups of slots on seven servers, and two stores.
let sampleFleet = """
  i30      30 t15 0 1000 e 10.202.80.1
  i29      29 t15 0 1000 e 10.202.79.1
  i15      15 t15 0 1000 e 10.202.65.1
  ti1       1 t16 0 1000 e 10.205.161.1
  ti5       5 t16 0 1000 e 10.205.165.1
  si1d1     1 t40 0 1000 e 10.206.51.1
  si1d2     1 t40 0 1000 e 10.206.51.41
  si2d1     2 t40 0 1000 e 10.206.52.1
  si2d2     2 t40 0 1000 e 10.206.52.41
  store23   n 0 90   sloti30t01   sloti15t03   slotti5t02  slotsi2d2t01
  store254  n future  0    sloti30t15   sloti29t15   slotti1t06 slotsi1d2t40

  """
