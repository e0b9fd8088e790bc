# Headers, targets and idclConfig.cmake; nothing in them depends on this machine, so they go to share/.
include(CMakePackageConfigHelpers)

set(package "${CMAKE_INSTALL_DATADIR}/cmake/idcl")

install(DIRECTORY include/idcl DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT idcl_headers
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT idcl_headers)

# Two export sets: the pickle reader is found without LibTorch, find_package(idcl COMPONENTS pickle).
foreach(library IN ITEMS idcl pickle)
  install(EXPORT idcl_${library} FILE idcl_${library}.cmake NAMESPACE idcl:: DESTINATION "${package}" COMPONENT idcl_headers)
endforeach()
install(TARGETS idcl EXPORT idcl_idcl)
install(TARGETS idcl_pickle EXPORT idcl_pickle)

configure_package_config_file(cmake/idclConfig.cmake.in idclConfig.cmake INSTALL_DESTINATION "${package}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(idclConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/idclConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/idclConfigVersion.cmake"
  cmake/IdclOpenMP.cmake DESTINATION "${package}" COMPONENT idcl_headers)
