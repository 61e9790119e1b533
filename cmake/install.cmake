# SPDX-License-Identifier: Apache-2.0
#
# cmake --install: headers, libraries, mk-shell, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)

if(NOT TARGET microkernel)
    return()
endif()

set(installed microkernel)
if(TARGET microkernel_shared)
    list(APPEND installed microkernel_shared)
endif()
set_target_properties(${installed} PROPERTIES EXPORT_NAME microkernel)
if(TARGET microkernel_shared)
    set_target_properties(microkernel_shared PROPERTIES EXPORT_NAME shared)
endif()

install(TARGETS ${installed} EXPORT microkernel-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/microkernel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
if(TARGET mk-shell)
    install(TARGETS mk-shell RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES sdk/prebuilt/echo.wasm DESTINATION ${MK_MODULES})
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/microkernel)
install(EXPORT microkernel-targets NAMESPACE microkernel:: DESTINATION ${package_dir})
configure_package_config_file(cmake/microkernel-config.cmake.in
    ${PROJECT_BINARY_DIR}/microkernel-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/microkernel-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/microkernel-config.cmake
    ${PROJECT_BINARY_DIR}/microkernel-config-version.cmake DESTINATION ${package_dir})

set(MK_PC_REQUIRES "")
if(MK_HAS_TLS)
    set(MK_PC_REQUIRES "libssl >= 3.0")
endif()
set(MK_PC_LIBS "")
if(MK_HAS_WIDE_AES)
    set(MK_PC_LIBS " -lIPSec_MB")
endif()
if(MK_HAS_CARES)
    string(APPEND MK_PC_LIBS " -lcares")
endif()
if(MK_HAS_DEFLATE)
    string(APPEND MK_PC_LIBS " -lz")
endif()
configure_file(cmake/microkernel.pc.in ${PROJECT_BINARY_DIR}/microkernel.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/microkernel.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
