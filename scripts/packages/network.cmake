# Fails where GitHub, from which CMake would download, cannot be reached.
file(DOWNLOAD https://github.com/nlohmann/json/releases/download/v3.11.3/include.zip.asc TIMEOUT 20 STATUS status)
list(GET status 0 failed)
if(failed)
  message(FATAL_ERROR "${status}")
endif()
