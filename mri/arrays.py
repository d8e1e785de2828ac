"""Names for arrays of one dtype, any shape. What may have any dtype is `mri.format.events.Array`."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
"""Token ids, neurons' numbers: as they are stored."""
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
