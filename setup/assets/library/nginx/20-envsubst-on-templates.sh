#!/bin/sh
# Each /etc/nginx/templates/NAME.template becomes /etc/nginx/conf.d/NAME, with ${VARIABLES} of the environment in place, as in the well-known image.
set -e
from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates} suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template} to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
[ -d "$from" ] || exit 0
# shellcheck disable=SC2016
names=$(awk 'BEGIN { for (name in ENVIRON) printf "${%s} ", name }')
find -L "$from" -type f -name "*$suffix" | while IFS= read -r template; do
  name=${template#"$from"/}
  made=$to/${name%"$suffix"}
  mkdir -p "${made%/*}"
  echo "$0: Running envsubst on $template to $made"
  envsubst "$names" < "$template" > "$made"
done
