# idcl_add_test(<name> SOURCES a.cpp ... [APART b.cpp ...] [LIBS target ...] [LABELS label ...] [NO_TORCH | NO_PCH])
#
# One executable test_<name> and one ctest entry <name>, with Catch2 and its main, tests/ on the include path ("support/catch.hpp")
# and IDCL_TEST_DATA = the path of tests/. Links idcl::idcl and reuses one precompiled header, unless NO_PCH is given, or NO_TORCH: then
# idcl::pickle alone, and nothing that needs LibTorch. With the label "sanitized" the sanitizers run it too: for what walks through
# memory by itself and is cheap to build. With IDCL_UNITY_BUILD some SOURCES are compiled as one, since each would go through LibTorch and
# make the same templates again; APART are the files whose names clash with those of others.

FetchContent_MakeAvailable(Catch2 nlohmann_json)

# What every test is compiled with. Equal for all of them, since a precompiled header is only good for equal flags. Optimised less than
# what it tests would be: a test spends its time in LibTorch, and a third less in the compiler.
add_library(idcl_test_base INTERFACE)
target_link_libraries(idcl_test_base INTERFACE Catch2::Catch2 nlohmann_json::nlohmann_json idcl_warnings)
target_include_directories(idcl_test_base INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}")
target_compile_options(idcl_test_base INTERFACE $<$<CONFIG:Release>:-O1>)
target_compile_definitions(idcl_test_base INTERFACE IDCL_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")

if(TARGET Catch2::Catch2WithMain)
  add_library(idcl_test_main INTERFACE)
  target_link_libraries(idcl_test_main INTERFACE Catch2::Catch2WithMain)
else()
  add_library(idcl_test_main STATIC support/main.cpp)
  target_link_libraries(idcl_test_main PRIVATE idcl_test_base idcl::pickle)
endif()

add_library(idcl_test_pch OBJECT support/pch.cpp)
target_link_libraries(idcl_test_pch PRIVATE idcl_test_base idcl::idcl)
target_precompile_headers(idcl_test_pch PRIVATE
  <torch/types.h> <torch/csrc/autograd/custom_function.h> <torch/nn/cloneable.h> <torch/nn/pimpl.h>
  "${CMAKE_CURRENT_SOURCE_DIR}/support/catch.hpp" <nlohmann/json.hpp>)

add_custom_target(idcl_unit_tests)  # all of them, and nothing else
add_custom_target(idcl_sanitized_tests)

function(idcl_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_TORCH;NO_PCH" "" "SOURCES;APART;LIBS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "idcl_add_test(${name}): expected SOURCES, got unknown arguments or none: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(test_${name} ${arg_SOURCES} ${arg_APART})
  target_link_libraries(test_${name} PRIVATE idcl_test_base idcl_test_main ${arg_LIBS})
  set(processors 1)
  if(arg_NO_TORCH)
    target_link_libraries(test_${name} PRIVATE idcl::pickle)
  else()
    target_link_libraries(test_${name} PRIVATE idcl::idcl)
    if(NOT arg_NO_PCH)
      target_precompile_headers(test_${name} REUSE_FROM idcl_test_pch)
    endif()
    set_target_properties(test_${name} PROPERTIES UNITY_BUILD ${IDCL_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 4)
    set_source_files_properties(${arg_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set(processors 2)  # LibTorch's own threads
  endif()
  add_dependencies(idcl_unit_tests test_${name})
  if("sanitized" IN_LIST arg_LABELS)
    add_dependencies(idcl_sanitized_tests test_${name})
  endif()
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES LABELS "unit;${arg_LABELS}" PROCESSORS ${processors} TIMEOUT 900)
endfunction()
