// The main function of every test where Catch2 is too old to bring one.
#define CATCH_CONFIG_MAIN
#include "catch.hpp"
