# idcl::openmp: the compiler's OpenMP as flags, for the build tree and, installed beside idclConfig.cmake, for consumers.
#
# at::parallel_for runs on one thread, silently, unless the file that includes it is compiled with OpenMP. FindOpenMP's own target
# links the compiler's libgomp by path, next to the one that LibTorch ships under the same name, and CMake then warns of every
# program; given as a flag, the loader takes LibTorch's.
if(NOT TARGET idcl::openmp)
  add_library(idcl::openmp INTERFACE IMPORTED GLOBAL)
  find_package(OpenMP QUIET COMPONENTS CXX)
  if(NOT OpenMP_CXX_FOUND)
    message(STATUS "idcl: no OpenMP for ${CMAKE_CXX_COMPILER_ID}; the tile loops run on one thread")
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$")
    separate_arguments(idcl_openmp_flags NATIVE_COMMAND "${OpenMP_CXX_FLAGS}")
    set_target_properties(idcl::openmp PROPERTIES
      INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:CXX>:${idcl_openmp_flags}>"
      INTERFACE_LINK_OPTIONS "${idcl_openmp_flags}")
  else()
    set_target_properties(idcl::openmp PROPERTIES INTERFACE_LINK_LIBRARIES OpenMP::OpenMP_CXX)
  endif()
endif()
