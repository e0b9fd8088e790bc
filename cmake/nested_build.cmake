# Run by the entries of IdclNestedBuild.cmake: configures `source` in `binary`, builds `target` and runs `test` there.
cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
if(DEFINED ENV{CMAKE_BUILD_PARALLEL_LEVEL})
  set(cores "$ENV{CMAKE_BUILD_PARALLEL_LEVEL}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${source}" -B "${binary}" -G "${generator}" -C "${cache}" ${options} COMMAND_ERROR_IS_FATAL ANY)
if(generator MATCHES "Ninja")
  set(go_on -- -k 0)  # name every file that fails
elseif(generator MATCHES "Makefiles")
  set(go_on -- -k)
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${binary}" --parallel "${cores}" --target ${target} ${go_on} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${test} WORKING_DIRECTORY "${binary}" COMMAND_ERROR_IS_FATAL ANY)
