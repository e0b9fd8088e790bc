# Sourced by test.sh, demo.sh and docs.sh: finds what the build needs, else gets it, else says in one message what to install.
#
#   compiler, CMake >= 3.25, Ninja             from the system, else from apt as root, else (CMake, Ninja) from pip
#   LibTorch                                   through CMAKE_PREFIX_PATH, else python3's torch, else pip into build/venv
#   Eigen, Catch2, benchmark, CLI11, json      from the system, else from apt as root, else downloaded by CMake
#
# Everything it makes lies under build/; run again it only looks, which takes a second or two.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=$PWD/build/venv
logs=$PWD/build/logs
given_prefix=${CMAKE_PREFIX_PATH:-}
mkdir -p "$logs"

say() { printf '== %s\n' "$*"; }

# quietly NAME COMMAND...: the output goes to build/logs/NAME.log.
quietly() {
  local log=$logs/$1.log
  shift
  "$@" >"$log" 2>&1
}

# from_apt PACKAGE...: true where apt could install all of them.
from_apt() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  say "apt: $*"
  quietly apt-update apt-get update || true
  quietly "apt-$1" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

make_venv() {
  [ -x "$venv/bin/pip" ] && return
  command -v python3 >/dev/null || from_apt python3 python3-venv || return 1
  quietly venv python3 -m venv "$venv" || { from_apt python3-venv && quietly venv python3 -m venv "$venv"; }
}

# from_pip PACKAGE [OPTION...]: true where pip could install it into build/venv.
from_pip() {
  make_venv || return 1
  say "pip: $*"
  quietly "pip-${1%%=*}" "$venv/bin/pip" install --retries 1 "$@"
}

has_compiler() { printf '#include <concepts>\nint main() {}\n' | "${CXX:-c++}" -std=c++20 -x c++ -fsyntax-only - 2>/dev/null; }
has_ninja() { command -v ninja >/dev/null; }
has_cmake() {
  local version
  version=$(cmake --version 2>/dev/null | awk 'NR == 1 {print $3}')
  [ -n "$version" ] && [ "$(printf '%s\n' 3.25 "$version" | sort -V | head -n 1)" = 3.25 ]
}

# look: the names of the packages that CMake does not find.
look() {
  quietly packages cmake -S scripts/packages -B build/packages -G Ninja --fresh || { cat "$logs/packages.log" >&2 && exit 1; }
  missing=$(cat build/packages/missing.txt)
}
lacks() { printf '%s\n' "$missing" | grep -qx "$1"; }

# look_with PREFIX: looks again with one more prefix; true where that brings LibTorch.
look_with() {
  export CMAKE_PREFIX_PATH=$1${given_prefix:+:$given_prefix}
  look
  ! lacks Torch
}

# torch_of PYTHON: where the torch of that Python has its CMake files, without importing it.
torch_of() {
  "$1" -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0] + "/share/cmake")' 2>/dev/null
}

get_torch() {
  local python prefix
  lacks Torch || return 0
  for python in "$venv/bin/python3" python3; do
    prefix=$(torch_of "$python") && look_with "$prefix" && return
  done
  # On Linux the plain name brings gigabytes of CUDA packages.
  if [ "$(uname -s)" = Linux ]; then
    from_pip torch==2.13.0+cpu --extra-index-url https://download.pytorch.org/whl/cpu || return 0
  else
    from_pip torch==2.13.0 || return 0
  fi
  look_with "$(torch_of "$venv/bin/python3")"
}

get_packages() {
  local wanted=() package
  for package in Eigen3:libeigen3-dev Catch2:catch2 benchmark:libbenchmark-dev CLI11:libcli11-dev nlohmann_json:nlohmann-json3-dev; do
    lacks "${package%%:*}" && wanted+=("${package#*:}")
  done
  [ ${#wanted[@]} -eq 0 ] && return
  from_apt "${wanted[@]}" && look
  [ -z "$missing" ] && return
  # CMake downloads the others while it configures; Eigen is the library's own, so it is put where consumers find it too.
  quietly network cmake -P scripts/packages/network.cmake || return 0
  if lacks Eigen3; then
    say "downloading Eigen"
    quietly eigen cmake -S scripts/packages -B build/eigen -G Ninja -DIDCL_FETCH_EIGEN=ON -DCMAKE_INSTALL_PREFIX="$PWD/build/eigen/prefix" &&
      quietly eigen cmake --install build/eigen || return 0
    given_prefix=$PWD/build/eigen/prefix${given_prefix:+:$given_prefix}
    export CMAKE_PREFIX_PATH=$PWD/build/eigen/prefix:${CMAKE_PREFIX_PATH:-}
  fi
  missing=$(lacks Torch && echo Torch || true)
}

how_to_get() {
  case $1 in
    compiler) echo "a C++20 compiler, g++ >= 12 or clang >= 19:  apt install g++" ;;
    cmake) echo "CMake >= 3.25:  apt install cmake, or pip install cmake" ;;
    ninja) echo "Ninja:  apt install ninja-build, or pip install ninja" ;;
    Torch) echo "LibTorch >= 2.4:  pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu, or unpack" \
      "https://pytorch.org/get-started/locally (LibTorch, C++, CPU) and export CMAKE_PREFIX_PATH=<its folder>" ;;
    Eigen3) echo "Eigen >= 3.3:  apt install libeigen3-dev" ;;
    Catch2) echo "Catch2:  apt install catch2" ;;
    benchmark) echo "Google Benchmark:  apt install libbenchmark-dev" ;;
    CLI11) echo "CLI11:  apt install libcli11-dev" ;;
    nlohmann_json) echo "nlohmann/json:  apt install nlohmann-json3-dev" ;;
  esac
}

give_up() {
  echo "idcl cannot be built here yet. Missing, and neither apt (as root) nor the network brought it:" >&2
  for name in "$@"; do echo "  - $(how_to_get "$name")" >&2; done
  echo "Install these and run $0 again. Logs: $logs" >&2
  exit 1
}

get_tools() {
  if [ -d "$venv/bin" ]; then PATH=$PATH:$venv/bin; fi
  has_compiler || from_apt g++ || true
  has_cmake || from_apt cmake || true
  if ! has_cmake && from_pip cmake; then PATH=$venv/bin:$PATH; fi
  has_ninja || from_apt ninja-build || true
  if ! has_ninja && from_pip ninja; then PATH=$PATH:$venv/bin; fi
  hash -r
}

# As many compilers at a time as there are cores, and 2.5 GiB of memory for each.
limit_jobs() {
  local jobs memory
  jobs=$(getconf _NPROCESSORS_ONLN)
  memory=$(awk '/MemAvailable/ {print int($2 / 2621440)}' /proc/meminfo 2>/dev/null || true)
  [ -n "$memory" ] && [ "$memory" -lt "$jobs" ] && jobs=$((memory > 0 ? memory : 1))
  export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}
}

setup() {
  get_tools
  local tools=()
  for tool in compiler cmake ninja; do "has_$tool" || tools+=("$tool"); done
  # Without these the rest cannot even be looked for, so all of it is named.
  [ ${#tools[@]} -eq 0 ] || give_up "${tools[@]}" Torch Eigen3 Catch2 benchmark CLI11 nlohmann_json
  look
  get_torch
  get_packages
  [ -z "$missing" ] || give_up $missing
  limit_jobs
}

# build TARGET...: configures build/default and builds there.
build() {
  say "configuring build/default"
  quietly configure cmake --preset default || { cat "$logs/configure.log" >&2 && exit 1; }
  say "building with $CMAKE_BUILD_PARALLEL_LEVEL compilers at a time: $*"
  cmake --build build/default --target "$@"
}
