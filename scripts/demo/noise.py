"""Textures without seams: noise whose tiles fit together, made from a spectrum."""

import numpy as np
import numpy.typing as npt

type Texture = npt.NDArray[np.float32]


def noise(size: int, falloff: float, seed: int, finest: float = 1.0) -> Texture:
    """A square of `size` pixels, mean 0 and deviation 1, that repeats without a seam.

    The spectrum falls as frequency ** -falloff: 0 is grain, 2 is clouds. `finest` (pixels) cuts what is smaller.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    amplitude = frequency**-falloff * np.exp(-((frequency * finest) ** 2))
    amplitude[0, 0] = 0.0
    phase = np.exp(2j * np.pi * rng.random(frequency.shape))
    field = np.fft.irfft2(amplitude * phase, s=(size, size))
    return np.asarray(field / field.std(), dtype=np.float32)
