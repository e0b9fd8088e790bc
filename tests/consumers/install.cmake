# Installs the headers and the package afresh: nothing of an earlier run may stand in for what is missing now.
file(REMOVE_RECURSE "${prefix}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}" --component idcl_headers COMMAND_ERROR_IS_FATAL ANY)
