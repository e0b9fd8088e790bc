# What tests, examples and benchmarks need beyond the library. Declaring costs nothing; who needs one calls
# FetchContent_MakeAvailable(<name>), which takes an installed package and downloads only where there is none.
include(FetchContent)

set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)

FetchContent_Declare(Catch2
  URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
  DOWNLOAD_EXTRACT_TIMESTAMP ON SYSTEM
  FIND_PACKAGE_ARGS GLOBAL)
FetchContent_Declare(benchmark
  URL https://github.com/google/benchmark/archive/refs/tags/v1.9.4.tar.gz
  DOWNLOAD_EXTRACT_TIMESTAMP ON SYSTEM
  FIND_PACKAGE_ARGS GLOBAL)
FetchContent_Declare(CLI11
  URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
  DOWNLOAD_EXTRACT_TIMESTAMP ON SYSTEM
  FIND_PACKAGE_ARGS 2.1 GLOBAL)
FetchContent_Declare(nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  DOWNLOAD_EXTRACT_TIMESTAMP ON SYSTEM
  FIND_PACKAGE_ARGS 3.10 GLOBAL)
