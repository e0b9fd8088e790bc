#pragma once

/// @file
/// Python pickles, numpy arrays in them and torch state dicts, read in standard C++ without Python, LibTorch or calls of any kind.

#include "document.hpp"
#include "error.hpp"
#include "load.hpp"
#include "numpy.hpp"
#include "state_dict.hpp"
#include "text.hpp"
#include "value.hpp"
#include "zip.hpp"
