"""FlatGeobuf without an index: only there may features have no geometry, and GDAL's quick reading breaks on them."""

from functools import lru_cache

from pyogrio import read_info, set_gdal_config_options

from layers.sources.positions import stamp


def read_rightly(path: str) -> None:
    """Have GDAL read a file right, wherever this process opens it next.

    Its own Arrow stream of FlatGeobuf leaves an offset unwritten for each geometry that is not there (3.12), and the
    general one, which takes half as long again, can be chosen for a process alone: it is where such a file is read.
    """
    if not _indexed(path, stamp(path)):
        set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": True})


@lru_cache(maxsize=1000)
def _indexed(path: str, _stamp: tuple[int, ...] | None) -> bool:
    return bool(read_info(path)["capabilities"]["fast_spatial_filter"])
