# One function declares a module: a folder, a static library kin::<name>, and the tests that lie beside its code.
#
#   kin_module(nn
#     ABOUT   "Layers, embedding tables, losses, optimizers with their slot variables"
#     DEPS    tensor
#     SOURCES embedding_table.cc
#     TESTS   embedding_table_test.cc
#     LIBS    fmt::fmt)                    # third-party libraries, private
#
# Every translation unit is compiled without contraction of a*b+c, so that a fused multiply-add happens exactly where
# the code says so and the bits do not depend on the compiler's choice (DESIGN decision 6).

set(KIN_CXX_FLAGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -ffp-contract=off -fno-math-errno)
if(KIN_WERROR)
  list(APPEND KIN_CXX_FLAGS -Werror)
endif()

set_property(GLOBAL PROPERTY KIN_MODULE_TABLE "")

function(kin_module name)
  cmake_parse_arguments(PARSE_ARGV 1 M "" "ABOUT" "DEPS;SOURCES;TESTS;LIBS")  # keeps a semicolon in ABOUT
  add_library(kin_${name} STATIC ${M_SOURCES})
  add_library(kin::${name} ALIAS kin_${name})
  target_include_directories(kin_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(kin_${name} PRIVATE ${KIN_CXX_FLAGS})
  foreach(dep ${M_DEPS})
    target_link_libraries(kin_${name} PUBLIC kin_${dep})
  endforeach()
  target_link_libraries(kin_${name} PRIVATE ${M_LIBS})
  string(REPLACE ";" ", " deps "${M_DEPS}")
  set_property(GLOBAL APPEND_STRING PROPERTY KIN_MODULE_TABLE "| `kinspace/${name}` | ${M_ABOUT} | ${deps} |\n")
  if(KIN_BUILD_TESTS AND M_TESTS)
    kin_test(${name}_test DEPS kin_${name} SOURCES ${M_TESTS} LIBS ${M_LIBS})
  endif()
endfunction()

# A GoogleTest program; every test case becomes one ctest entry. The gtest header is compiled once for all programs.
function(kin_test name)
  cmake_parse_arguments(T "" "" "DEPS;SOURCES;LIBS;DEFINES" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  if(NOT TARGET kin_gtest_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/kin_gtest_pch.cc "#include <gtest/gtest.h>\n")
    add_library(kin_gtest_pch OBJECT ${CMAKE_BINARY_DIR}/kin_gtest_pch.cc)
    # As the programs that use it are compiled; GCC refuses a header compiled with -fPIC there.
    set_target_properties(kin_gtest_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(kin_gtest_pch PRIVATE ${KIN_CXX_FLAGS} -fPIE)
    target_link_libraries(kin_gtest_pch PRIVATE GTest::gmock Threads::Threads)
    target_precompile_headers(kin_gtest_pch PRIVATE <gtest/gtest.h>)
  endif()
  add_executable(${name} ${T_SOURCES})
  target_compile_options(${name} PRIVATE ${KIN_CXX_FLAGS})
  target_compile_definitions(${name} PRIVATE KIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" ${T_DEFINES})
  target_link_libraries(${name} PRIVATE ${T_DEPS} ${T_LIBS} GTest::gmock_main Threads::Threads)
  target_precompile_headers(${name} REUSE_FROM kin_gtest_pch)
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()
