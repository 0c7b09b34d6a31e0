"""Configurations of servers of files for a published site."""

from pathlib import Path

_TYPES = {
    "text/html": "html",
    "text/css": "css",
    "text/javascript": "js mjs",
    "application/json": "json",
    "application/xml": "xml",
    "image/png": "png",
    "image/jpeg": "jpeg jpg",
    "image/webp": "webp",
    "application/vnd.pmtiles": "pmtiles",
    "application/vnd.mapbox-vector-tile": "mvt",
    "application/x-protobuf": "pbf",
}


def nginx(root: Path, port: int = 8080) -> str:
    """A `server` block, to be included in the block `http`."""
    types = "\n".join(f"    {media_type} {extensions};" for media_type, extensions in _TYPES.items())
    return f"""# A site published by garrigue: include this file in the block http of nginx.conf.
server {{
  listen {port};
  root "{root}";
  types {{
{types}
  }}
  charset utf-8;
  charset_types text/html text/css text/javascript application/json application/xml;
  gzip on;
  gzip_types application/json application/xml application/x-protobuf text/css text/javascript;
  etag on;
  add_header Access-Control-Allow-Origin * always;
  add_header Access-Control-Expose-Headers "Content-Range, ETag" always;
  location / {{
    try_files $uri $uri/index.html $uri/index.json =404;
    add_header Access-Control-Allow-Origin * always;
    add_header Cache-Control no-cache;
  }}
  location ~ ^/(tiles/.+/|pmtiles/|static/) {{
    add_header Access-Control-Allow-Origin * always;
    add_header Access-Control-Expose-Headers "Content-Range, ETag" always;
    expires 1d;
  }}
  location ~ ^/vector/ {{
    add_header Content-Encoding gzip;
    add_header Access-Control-Allow-Origin * always;
    expires 1d;
  }}
  location /fonts/ {{
    try_files $uri /fonts/none.pbf =404;
    add_header Access-Control-Allow-Origin * always;
    expires 1d;
  }}
  location ~ /\\. {{ return 404; }}
}}
"""


def caddy(root: Path, port: int = 8080) -> str:
    """A Caddyfile."""
    return f"""# A site published by garrigue: caddy run --config Caddyfile
:{port} {{
	root * "{root}"
	@vector path_regexp ^/vector/
	header @vector Content-Encoding gzip
	header @vector Content-Type application/vnd.mapbox-vector-tile
	encode gzip
	handle /fonts/* {{
		try_files {{path}} /fonts/none.pbf
		file_server
	}}
	header Access-Control-Allow-Origin *
	header Access-Control-Expose-Headers "Content-Range, ETag"
	@kept path_regexp ^/(tiles/.+/|vector/|pmtiles/|static/|fonts/)
	header @kept Cache-Control "public, max-age=86400"
	@fresh not path_regexp ^/(tiles/.+/|vector/|pmtiles/|static/|fonts/)
	header @fresh Cache-Control no-cache
	@hidden path_regexp /\\.
	respond @hidden 404
	try_files {{path}} {{path}}/index.html {{path}}/index.json
	file_server
}}
"""
