#!/bin/sh
# Pins each base image of service/Dockerfile by the digest that its tag has now; run it in the repository's root. Needs
# docker buildx and the registry. https://docs.docker.com/reference/cli/docker/buildx/imagetools/inspect/
set -eu
file=service/Dockerfile
for image in $(sed -nE 's/^(FROM |COPY --from=)([^ @]+).*/\2/p' "$file"); do
  digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
  case $digest in
    sha256:????????????????????????????????????????????????????????????????) ;;
    *) echo "$image: '$digest' is no digest; nothing more is pinned" >&2; exit 1 ;;
  esac
  sed -i.before -E "s#^(FROM |COPY --from=)$image(@[^ ]+)?#\1$image@$digest#" "$file"
  rm "$file.before"
  echo "$image@$digest"
done
