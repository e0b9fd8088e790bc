// Losses of proxies, classifiers and views against loops over their definitions, with their own defaults and with every option.

#include "support/oracle.hpp"
#include "losses_proxies/subjects.hpp"
#include "support/random.hpp"

#include <map>
#include <numbers>

namespace {

using namespace idcl::test;
using oracle::Matrix;
using oracle::Real;

constexpr int64_t kRows = 9, kClasses = 4, kCenters = 2, kWidth = 3;

/// Rows, their classes, and the classes' weights: centres [class][centre], one of each where the loss has no more.
struct Scene {
  Matrix x, y;  ///< y: the other view
  std::vector<int64_t> labels;
  std::vector<Matrix> weight;
};

Real number(const Json& options, const char* name, double otherwise) { return options.value(name, otherwise); }
Real length(const std::vector<Real>& row) { return std::sqrt(oracle::inner(row, row)); }
Real cosine(const std::vector<Real>& a, const std::vector<Real>& b) { return oracle::inner(a, b) / length(a) / length(b); }

/// The cosine to the nearest of a class's centres.
Real nearest(const std::vector<Real>& row, const Matrix& centers) {
  Real best = -1;
  for (const auto& center : centers) best = std::max(best, cosine(row, center));
  return best;
}

/// mean_i of -log( e^own / (e^own + sum of e^other over the other classes) ); own(i, class), other(i, class).
template <class Own, class Other>
Real softmax(const Scene& s, const Own& own, const Other& other) {
  Real sum = 0;
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    const auto label = static_cast<std::size_t>(s.labels[i]);
    Real others = 0;
    for (std::size_t c = 0; c < s.weight.size(); ++c)
      if (c != label) others += std::exp(other(i, c) - own(i, label));
    sum += std::log1p(others);
  }
  return sum / s.x.size();
}

/// ArcFace, of the nearest centre: the angle to the own class is wider by the margin, as long as its cosine falls.
Real arc_face(const Scene& s, const Json& o) {
  const auto scale = number(o, "scale", 64), margin = number(o, "margin", 28.6) * std::numbers::pi_v<Real> / 180;
  const auto other = [&](auto i, auto c) { return scale * nearest(s.x[i], s.weight[c]); };
  const auto own = [&](auto i, auto c) {
    const auto near = nearest(s.x[i], s.weight[c]), angle = std::acos(near);
    return scale * (angle <= std::numbers::pi_v<Real> - margin ? std::cos(angle + margin) : near - margin * std::sin(margin));
  };
  return softmax(s, own, other);
}

/// The angle to the own class times `margin`, in a cosine that goes on falling.
Real multiplied_angle(Real angle, int margin) {
  const auto k = std::floor(margin * angle / std::numbers::pi_v<Real>);
  return (std::fmod(k, 2) == 0 ? 1 : -1) * std::cos(margin * angle) - 2 * k;
}

Real large_margin(const Scene& s, const Json& o, bool with_weight) {
  const auto size = [&](auto i, auto c) { return number(o, "scale", 1) * length(s.x[i]) * (with_weight ? length(s.weight[c][0]) : 1); };
  const auto other = [&](auto i, auto c) { return size(i, c) * cosine(s.x[i], s.weight[c][0]); };
  const auto own = [&](auto i, auto c) {
    return size(i, c) * multiplied_angle(std::acos(cosine(s.x[i], s.weight[c][0])), o.value("margin", 4));
  };
  return softmax(s, own, other);
}

Real soft_triple(const Scene& s, const Json& o) {
  const auto la = number(o, "la", 20), gamma = number(o, "gamma", 0.1), margin = number(o, "margin", 0.01);
  const auto other = [&](auto i, auto c) {
    Real weights = 0, sum = 0;
    for (const auto& center : s.weight[c]) {
      const auto near = cosine(s.x[i], center);
      weights += std::exp(near / gamma), sum += std::exp(near / gamma) * near;
    }
    return la * sum / weights;
  };
  return softmax(s, [&](auto i, auto c) { return other(i, c) - la * margin; }, other);
}

/// Proxies pull the rows of their class and push the others; a class that does not occur pulls none.
Real proxy_anchor(const Scene& s, const Json& o) {
  const auto margin = number(o, "margin", 0.1), alpha = number(o, "alpha", 32);
  Real pulls = 0, pushes = 0, present = 0;
  for (std::size_t c = 0; c < s.weight.size(); ++c) {
    Real pull = 0, push = 0;
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      const auto near = cosine(s.x[i], s.weight[c][0]);
      if (static_cast<std::size_t>(s.labels[i]) == c)
        pull += std::exp(-alpha * (near - margin));
      else
        push += std::exp(alpha * (near + margin));
    }
    pulls += std::log1p(pull), pushes += std::log1p(push), present += pull > 0;
  }
  return pulls / present + pushes / s.weight.size();
}

/// Column d, without its mean.
std::vector<Real> centred(const Matrix& x, std::size_t d) {
  Real mean = 0;
  for (const auto& row : x) mean += row[d] / x.size();
  std::vector<Real> column;
  for (const auto& row : x) column.push_back(row[d] - mean);
  return column;
}

Real barlow_twins(const Scene& s, const Json& o) {
  const auto unit = [&](const Matrix& x, std::size_t d) {
    auto column = centred(x, d);
    const auto deviation = std::sqrt(oracle::inner(column, column) / x.size() + number(o, "eps", 1e-5));
    for (auto& value : column) value /= deviation;
    return column;
  };
  Real sum = 0;
  for (std::size_t k = 0; k < kWidth; ++k)
    for (std::size_t l = 0; l < kWidth; ++l) {
      const auto c = oracle::inner(unit(s.x, k), unit(s.y, l)) / s.x.size();
      sum += k == l ? (1 - c) * (1 - c) : number(o, "lambda", 5.1e-3) * c * c;
    }
  return sum;
}

Real vic_reg(const Scene& s, const Json& o) {
  Real invariance = 0, variance = 0, covariance = 0;
  for (std::size_t i = 0; i < s.x.size(); ++i)
    for (std::size_t d = 0; d < kWidth; ++d) invariance += (s.x[i][d] - s.y[i][d]) * (s.x[i][d] - s.y[i][d]) / (s.x.size() * kWidth);
  for (const auto* view : {&s.x, &s.y})
    for (std::size_t k = 0; k < kWidth; ++k)
      for (std::size_t l = 0; l < kWidth; ++l) {
        const auto c = oracle::inner(centred(*view, k), centred(*view, l)) / (view->size() - 1);
        if (k == l)
          variance += std::max(Real{0}, 1 - std::sqrt(c + number(o, "eps", 1e-4))) / kWidth;
        else
          covariance += c * c / kWidth;
      }
  return number(o, "invariance_lambda", 25) * invariance + number(o, "variance_mu", 25) / 2 * variance +
         number(o, "covariance_v", 1) * covariance;
}

const std::map<std::string, std::function<Real(const Scene&, const Json&)>>& definitions() {
  const auto plain = [](const Scene& s, Real scale, Real margin) {
    const auto other = [&](auto i, auto c) { return scale * cosine(s.x[i], s.weight[c][0]); };
    return softmax(s, [&](auto i, auto c) { return other(i, c) - scale * margin; }, other);
  };
  static const std::map<std::string, std::function<Real(const Scene&, const Json&)>> all{
      {"normalized_softmax", [=](const Scene& s, const Json& o) { return plain(s, 1 / number(o, "temperature", 0.05), 0); }},
      {"cos_face", [=](const Scene& s, const Json& o) { return plain(s, number(o, "scale", 64), number(o, "margin", 0.35)); }},
      {"arc_face", arc_face},
      {"sub_center_arc_face", arc_face},
      {"proxy_nca",
       [=](const Scene& s, const Json& o) { return plain(s, 2 * number(o, "softmax_scale", 1), 0); }},  // |a - b|^2 = 2 - 2 cos
      {"proxy_anchor", proxy_anchor},
      {"soft_triple", soft_triple},
      {"sphere_face", [](const Scene& s, const Json& o) { return large_margin(s, o, /*with_weight=*/false); }},
      {"large_margin_softmax", [](const Scene& s, const Json& o) { return large_margin(s, o, /*with_weight=*/true); }},
      {"barlow_twins", barlow_twins},
      {"vic_reg", vic_reg}};
  return all;
}

}  // namespace

TEST_CASE("proxies, classifiers and views are those of the loops over their definitions, by default and with every option") {
  Random random(31);
  const auto x = random.normal({kRows, kWidth}), y = random.normal({kRows, kWidth}), labels = random.integers(kClasses - 1, {kRows});
  for (const auto& subject : subjects()) {
    REQUIRE(definitions().contains(subject.name));
    const auto weight = subject.centers > 0 ? random.normal({kClasses, kCenters, kWidth}) : random.normal({kClasses, kWidth});
    Scene scene{oracle::matrix_of(x), oracle::matrix_of(y), {}, {}};
    for (int64_t i = 0; i < kRows; ++i) scene.labels.push_back(labels[i].item<int64_t>());
    for (int64_t c = 0; c < kClasses; ++c) scene.weight.push_back(oracle::matrix_of(weight[c].view({-1, kWidth})));
    const auto in = subject.inputs == Subject::Inputs::Views ? Tensors{{"a", x}, {"b", y}}
                                                             : Tensors{{"embeddings", x}, {"labels", labels}, {"weight", weight}};
    auto requests = variants_of(subject);
    requests.push_back(Json::object());
    for (const auto& options : requests) {
      if (options.contains("distance")) continue;  // the loops compare as the loss does by default
      const auto expected = static_cast<double>(definitions().at(subject.name)(scene, options));
      CHECK(expected > 0);
      for (const auto& setting : all_settings())
        check_close(name_of(subject, setting, options.dump()), subject.loss(in, {options, setting}).item<double>(), expected, {1e-11, 0});
    }
  }
}
