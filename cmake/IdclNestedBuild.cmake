# idcl_add_nested_build(<name> SOURCE <folder> [BINARY <folder>] [OPTIONS -D...] [TARGET <target>] [LABELS label ...] TEST <command>)
#
# A ctest entry that configures and builds SOURCE as a project of its own in BINARY (default: <name> in this build folder), with the
# compiler and the packages of this build unless OPTIONS say otherwise, and then runs <command> there. Incremental from run to run.

set(idcl_nested_cache "${PROJECT_BINARY_DIR}/nested.cmake")
set(lines "")
set(names CMAKE_MAKE_PROGRAM CMAKE_CXX_COMPILER CMAKE_BUILD_TYPE CMAKE_CXX_COMPILER_LAUNCHER CMAKE_PREFIX_PATH Torch_DIR Eigen3_DIR)
foreach(content IN ITEMS Catch2 nlohmann_json benchmark CLI11)
  set(source "")
  FetchContent_GetProperties(${content} SOURCE_DIR source)
  if(source)  # what was downloaded once is not downloaded again
    string(TOUPPER "FETCHCONTENT_SOURCE_DIR_${content}" name)
    set(${name} "${source}")
  else()
    set(name ${content}_DIR)
  endif()
  list(APPEND names ${name})
endforeach()
foreach(name IN LISTS names)
  if(${name})
    string(APPEND lines "set(${name} [==[${${name}}]==] CACHE STRING \"\")\n")
  endif()
endforeach()
file(CONFIGURE OUTPUT "${idcl_nested_cache}" CONTENT "${lines}")

function(idcl_add_nested_build name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE;BINARY;TARGET" "OPTIONS;LABELS;TEST")
  if(NOT arg_BINARY)
    set(arg_BINARY "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  endif()
  if(NOT arg_TARGET)
    set(arg_TARGET all)
  endif()
  add_test(NAME ${name} COMMAND "${CMAKE_COMMAND}" -D "source=${arg_SOURCE}" -D "binary=${arg_BINARY}" -D "generator=${CMAKE_GENERATOR}"
    -D "cache=${idcl_nested_cache}" -D "options=${arg_OPTIONS}" -D "target=${arg_TARGET}" -D "test=${arg_TEST}"
    -P "${PROJECT_SOURCE_DIR}/cmake/nested_build.cmake")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" PROCESSORS 2 TIMEOUT 3600 RESOURCE_LOCK "${arg_BINARY}")
endfunction()
